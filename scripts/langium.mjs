// Regenerates src/language/generated from the grammar. langium-cli 4.4 calls Object.groupBy, which Node 20 lacks.
Object.groupBy ??= (items, keyOf) => {
  const groups = Object.create(null);
  for (const item of items) {
    const key = keyOf(item);
    groups[key] ??= [];
    groups[key].push(item);
  }
  return groups;
};

process.argv.push("generate");
await import("../node_modules/langium-cli/bin/langium.js");
