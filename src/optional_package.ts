/**
 * Load a package that only this part of the library needs.
 *
 * @param needs The part, for the error: `Writing an HDF5 file`.
 * @param install What `npm i` takes: the package with its version.
 * @throws {Error} When the package is not installed. The error has the command that installs it.
 */
export async function optionalPackage<Package>(
  needs: string,
  install: string,
  load: () => Promise<Package>,
): Promise<Package> {
  try {
    return await load();
  } catch (cause) {
    throw new Error(`${needs} needs a package that could not be loaded: npm i ${install}`, { cause });
  }
}
