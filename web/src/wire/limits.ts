/** What the hub takes at once. Source: docs/protocol.md. */

export const MOST_FILES_OF_A_MESSAGE = 100;
