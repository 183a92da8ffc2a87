/**
 * Stands in for `@vscode/spdlog`, the logger of VS Code's server, whose native half is not built when it comes from the
 * npm registry without running scripts. VS Code carries what extensions write to their output channels in these
 * files: without a logger, output channels stay empty.
 */

const { appendFileSync, mkdirSync } = require("node:fs");
const { dirname } = require("node:path");

const levels = ["trace", "debug", "info", "warn", "error", "critical", "off"];

class Logger {
  /** @param {string} _type @param {string} _name @param {string} file */
  constructor(_type, _name, file) {
    this.file = file;
    this.level = levels.indexOf("info");
    this.isPlain = false;
    mkdirSync(dirname(file), { recursive: true });
  }

  /** @param {string} message */
  trace(message) {
    this.write("trace", message);
  }
  /** @param {string} message */
  debug(message) {
    this.write("debug", message);
  }
  /** @param {string} message */
  info(message) {
    this.write("info", message);
  }
  /** @param {string} message */
  warn(message) {
    this.write("warn", message);
  }
  /** @param {string} message */
  error(message) {
    this.write("error", message);
  }
  /** @param {string} message */
  critical(message) {
    this.write("critical", message);
  }

  getLevel() {
    return this.level;
  }
  /** @param {number} level */
  setLevel(level) {
    this.level = level;
  }
  /** Output channels: the text as it is, without time, level and line end. */
  clearFormatters() {
    this.isPlain = true;
  }
  setPattern() {}
  flush() {}
  drop() {}

  /** @param {string} level @param {string} message */
  write(level, message) {
    if (levels.indexOf(level) < this.level) return;
    const text = this.isPlain ? message : `${new Date().toISOString()} [${level}] ${message}\n`;
    try {
      appendFileSync(this.file, text);
    } catch {
      // The folder of a server that has been stopped.
    }
  }
}

/** @param {string} name @param {string} file */
async function createLogger(name, file) {
  return new Logger("rotating", name, file);
}

exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = createLogger;
exports.createAsyncRotatingLogger = createLogger;
