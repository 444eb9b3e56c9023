export { KIND_WORDS, KINDS } from './model';
export { rules } from './requests';
