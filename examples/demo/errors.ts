/** Something that the user can put right: one line, no stack, exit status 2. */
export class UsageError extends Error {}

/** Something that went wrong on the way: one line, no stack, exit status 1. */
export class Failure extends Error {}
