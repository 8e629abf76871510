/** Removes `Worker`. jax-js has no option for one thread and starts workers wherever they exist. */
Reflect.deleteProperty(globalThis, "Worker");
