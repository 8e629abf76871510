/** The version of this package, as in deno.json. Ranks compare their versions. */
export const VERSION = "0.1.0";
