// The tests' S3 server: s3rver, with what it lacks and S3 has (objects that appear whole, unfinished uploads that can be listed
// and aborted) and faults on request. Usage: node s3-server.js MODULES DIRECTORY; prints its port; ends with its standard input.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { pipeline } = require('stream/promises');

const [modules, directory] = process.argv.slice(2);
const S3rver = require(path.join(modules, 's3rver'));
const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, vhostBuckets: false });

// Buckets where connections break, as they do when a network or a server goes down, and from which part on.
const cut = new Map();

const uploads = bucket => path.join(directory, bucket, '._S3rver_uploads');

// s3rver answers before a file is written, and writes it under its name.
async function receive(content, file) {
  const hash = crypto.createHash('md5');
  const unfinished = `${file}.${crypto.randomUUID()}`;
  let size = 0;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  await pipeline(content, async function* (chunks) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }, fs.createWriteStream(unfinished));
  fs.renameSync(unfinished, file);
  return { size, md5: hash.digest('hex') };
}

server.store.putObject = async object => {
  const received = await receive(object.content, server.store.getResourcePath(object.bucket, object.key, 'object'));
  await server.store.putMetadata(object.bucket, object.key, object.metadata, received.md5);
  return received;
};
server.store.putPart = (bucket, id, number, content) => receive(content, path.join(uploads(bucket), id, String(number)));

function listUploads(ctx, bucket) {
  const found = fs.existsSync(uploads(bucket)) ? fs.readdirSync(uploads(bucket)) : [];
  const ours = found
    .map(id => ({ id, key: fs.readFileSync(path.join(uploads(bucket), id, 'key'), 'utf8') }))
    .filter(upload => upload.key.startsWith(ctx.query.prefix || '') && upload.id > (ctx.query['upload-id-marker'] || ''))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = ours.slice(0, Number(ctx.query['max-uploads'] || 1000));
  const last = page[page.length - 1];
  ctx.body = {
    ListMultipartUploadsResult: {
      Bucket: bucket,
      IsTruncated: page.length < ours.length,
      ...(last ? { NextKeyMarker: last.key, NextUploadIdMarker: last.id } : {}),
      Upload: page.map(({ id, key }) => ({ Key: key, UploadId: id, Initiated: '2030-01-02T12:00:00.000Z' })),
    },
  };
}

const handle = async (ctx, next) => {
  const [, bucket, ...key] = ctx.path.split('/');
  if (bucket === '-') {
    const [command, where, part] = key;
    if (command === 'cut') cut.set(where, Number(part));
    else cut.delete(where);
    ctx.body = '';
  } else if (cut.has(bucket) && 'uploadId' in ctx.query && Number(ctx.query.partNumber || Infinity) >= cut.get(bucket)) {
    ctx.req.socket.destroy();
  } else if (!fs.existsSync(path.join(directory, bucket)) || !ctx.get('authorization').includes('Credential=S3RVER/')) {
    await next(); // s3rver finds the words
  } else if (ctx.method === 'GET' && key.join('') === '' && 'uploads' in ctx.query) {
    listUploads(ctx, bucket);
  } else if (ctx.method === 'DELETE' && 'uploadId' in ctx.query) {
    fs.rmSync(path.join(uploads(bucket), ctx.query.uploadId), { recursive: true });
    ctx.status = 204;
  } else {
    await next();
  }
};
// Behind the two that log and that write objects as XML.
server.middleware.splice(2, 0, handle);
server.on('error', () => {});

server.run().then(({ port }) => console.log(port));
process.stdin.resume().on('end', () => process.exit());
