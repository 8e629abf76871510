import { mutationTests } from "../support/keras/mutation_tests.ts";

mutationTests(150);
