// Uploads a photo by tus-js-client, unmodified. Not part of `make test`, which needs no Node.js:
//
//   npm install --prefix /tmp/tus tus-js-client
//   python tests/faults/cutting_proxy.py 127.0.0.1:8000      # prints an address, such as http://127.0.0.1:40001
//   NODE_PATH=/tmp/tus/node_modules node tests/faults/send_by_tus_js.cjs http://127.0.0.1:40001/v1/uploads TOKEN FILE
//
// Ends with 0 when all is sent; says how often it began again.

const fs = require("node:fs");
const { randomUUID } = require("node:crypto");
const tus = require("tus-js-client");

const [endpoint, token, file, chunkSize] = process.argv.slice(2);
const photoId = randomUUID();
let retries = 0;

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  uploadSize: fs.statSync(file).size,
  chunkSize: Number(chunkSize || 100_000),
  retryDelays: Array(200).fill(50),
  headers: { Authorization: `Bearer ${token}` },
  metadata: { photo_id: photoId, purpose: "before", filename: "photo.jpg", filetype: "image/jpeg" },
  onShouldRetry(error) {
    retries += 1;
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
    return status < 400 || status === 409 || status >= 500;
  },
  onError(error) {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess() {
    console.log(`photo ${photoId} sent, ${retries} retries`);
  },
});

upload.start();
