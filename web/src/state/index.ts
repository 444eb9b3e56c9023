/** The only entry to the state of the client. */
export * from './types';
