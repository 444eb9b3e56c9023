interface Window {
  /** `GET /api/hub`, asked by public/theme.js. */
  hubAsked?: Promise<Response>;
}
