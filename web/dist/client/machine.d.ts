import { type Input, type State, type Step } from './state.js';
export declare function step(state: State, input: Input): Step;
