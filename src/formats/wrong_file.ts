/** What a file is instead of a model, as far as its first bytes tell. */
export function wrongFile(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 200)), start = text.trimStart().toLowerCase();
  if (!bytes.length) return "an empty file";
  if (start.startsWith("<!doctype") || start.startsWith("<html")) return "a page of HTML: the server has no such file";
  if (start.startsWith("version https://git-lfs")) return "a pointer of Git LFS: fetch the file by `git lfs pull`";
  if (text.startsWith("PK")) return "a zip file, such as .pt, .npz or .keras";
  if (text.startsWith("\x89HDF")) return "an HDF5 file, such as .h5";
  if (text.startsWith("\x93NUMPY")) return "a file .npy of NumPy";
  if (text.startsWith("\x1f\x8b")) return "a file that is compressed by gzip";
  return /^.{8}\{"/s.test(text) ? "a file of safetensors" : undefined;
}
