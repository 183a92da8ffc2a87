import { conditionNames } from "../conditions/names.ts";
import { worldFunctions } from "../expressions/functions.ts";

/** A name that conditions know, for completion where no session runs. */
export interface ConditionWord {
  readonly label: string;
  readonly detail: string;
  readonly isFunction: boolean;
}

export function conditionVocabulary(): readonly ConditionWord[] {
  const fields = [...conditionNames.values()].map(({ name, description }) => ({ label: name, detail: description }));
  const functions = worldFunctions.map(({ name, description }) => ({ label: name, detail: description }));
  return [
    ...fields.map((one) => ({ ...one, isFunction: false })),
    ...functions.map((one) => ({ ...one, isFunction: true })),
  ];
}
