/** The version of the library, by which ranks tell whether they have the same one: that of deno.json. */
export const VERSION = "0.1.0";
