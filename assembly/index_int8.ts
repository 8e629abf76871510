/** The exported kernels of entry ./int8, which compute beside those of index.ts in the same memory. */
export { gemmInt8, packInt8 } from "./int8";
