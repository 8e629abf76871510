import { checkRandomNets } from "../support/layers/random_nets.ts";

const NETS = 400;

Deno.test(`${NETS} random nets: both builds are near the f64 reference, whose gradient is the slope`, () => {
  return checkRandomNets(NETS);
});
