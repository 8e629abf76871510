/** One thread for a library that starts workers, without an option, when it finds them. */
Reflect.deleteProperty(globalThis, "Worker");
