// The npm package tus-js-client, as a program that sends one file. One argument: a JSON object with
// `endpoint`, `token`, `path` (what to send), `metadata`, `options` (of the client), `store` (where it keeps
// addresses of uploads across its own death), `stopAt` (bytes after which it gives up for good).
// Says `{"progress": bytes}`, and in the end `{"url": …}` or `{"error": …, "status": …}`.
import { createReadStream } from 'node:fs';
import * as tus from 'tus-js-client';

const { endpoint, token, path, metadata, options, store, stopAt } = JSON.parse(process.argv[2]);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const upload = new tus.Upload(createReadStream(path), {
  endpoint,
  metadata,
  headers: { Authorization: `Bearer ${token}` },
  retryDelays: [50, 100, 200, 400, 800, 1600, 3200, 3200, 3200],
  ...(store ? { urlStorage: new tus.FileUrlStorage(store), storeFingerprintForResuming: true } : {}),
  fingerprint: async () => (store ? path : null),
  onProgress(sent) {
    say({ progress: sent });
    if (stopAt && sent >= stopAt) void upload.abort(true).then(() => say({ url: upload.url, aborted: true }));
  },
  onError: (error) => say({ error: String(error), status: error.originalResponse?.getStatus() ?? null }),
  onSuccess: () => say({ url: upload.url }),
  ...options,
});
const before = store ? await upload.findPreviousUploads() : [];
if (before.length > 0) {
  say({ resumes: before[0].uploadUrl ?? before[0].parallelUploadUrls });
  upload.resumeFromPreviousUpload(before[0]);
}
upload.start();
