// KafkaJS behind one line of JSON: reads a request on stdin, prints its answer on stdout.
//
//   {"op": "produce", "topic": t, "codec": c, "records": [{key, value, headers}], "idempotent": bool}
//   {"op": "consume", "topic": t, "count": n, "group": g}          from the beginning; commits
//   {"op": "admin", "topic": t, "partitions": n}                   creates, describes, lists, deletes
'use strict';
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs');
const lz4 = require('lz4js');
const xxh32 = require('lz4js/xxh32.js');
const { ZstdCodec } = require('zstd-codec');

CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy');
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => independentBlocks(Buffer.from(lz4.compress(encoder.buffer))),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => zstd((codec) => new codec.Simple().compress(encoder.buffer)),
  // Frames of librdkafka do not say how large their content is; only the streaming decoder takes those.
  decompress: async (buffer) => zstd((codec) => new codec.Streaming().decompress(buffer)),
});

// Kafka takes frames of independent blocks only. lz4js does not set that flag, but a frame of one block has nothing to
// depend on: set it, and the checksum over the two bytes of the descriptor with it.
function independentBlocks(frame) {
  frame[4] |= 0x20;
  frame[6] = (xxh32.hash(0, frame, 4, 2) >> 8) & 0xff;
  return frame;
}

function zstd(use) {
  return new Promise((resolve) => ZstdCodec.run((codec) => resolve(Buffer.from(use(codec)))));
}

const codecs = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

const text = (bytes) => (bytes === null || bytes === undefined ? null : bytes.toString());

async function produce(kafka, request) {
  const producer = kafka.producer({ idempotent: Boolean(request.idempotent), maxInFlightRequests: 1 });
  await producer.connect();
  const answer = await producer.send({
    topic: request.topic,
    acks: -1,
    compression: codecs[request.codec || 'none'],
    messages: request.records,
  });
  await producer.disconnect();
  return { offsets: answer.map((each) => each.baseOffset) };
}

async function consume(kafka, request) {
  const consumer = kafka.consumer({ groupId: request.group, maxWaitTimeInMs: 200, rebalanceTimeout: 5000 });
  const records = [];
  await consumer.connect();
  await consumer.subscribe({ topics: [request.topic], fromBeginning: true });
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, (event) => reject(event.payload.error));
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          const headers = {};
          for (const [name, value] of Object.entries(message.headers || {})) headers[name] = text(value);
          records.push({ partition, offset: Number(message.offset), key: text(message.key), value: text(message.value), headers });
          if (records.length === request.count) resolve();
        },
      })
      .catch(reject);
  });
  const last = {};
  for (const record of records) last[record.partition] = record.offset + 1;
  await consumer.commitOffsets(
    Object.entries(last).map(([partition, offset]) => ({ topic: request.topic, partition: Number(partition), offset: String(offset) })),
  );
  await consumer.disconnect();
  return { records };
}

async function administer(kafka, request) {
  const admin = kafka.admin();
  await admin.connect();
  const created = await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic: request.topic, numPartitions: request.partitions, configEntries: [{ name: 'retention.ms', value: '3600000' }] }],
  });
  const again = await admin.createTopics({ topics: [{ topic: request.topic, numPartitions: 1 }] });
  const metadata = await admin.fetchTopicMetadata({ topics: [request.topic] });
  const configs = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: request.topic }] });
  const offsets = await admin.fetchTopicOffsets(request.topic);
  const listed = (await admin.listTopics()).includes(request.topic);
  await admin.deleteTopics({ topics: [request.topic] });
  let left = true;
  for (let i = 0; left && i < 50; i++) left = (await admin.listTopics()).includes(request.topic);
  await admin.disconnect();
  const retention = configs.resources[0].configEntries.find((entry) => entry.configName === 'retention.ms');
  return { created, again, partitions: metadata.topics[0].partitions.length, offsets, listed, left, retention: retention && retention.configValue };
}

async function main() {
  let input = '';
  for await (const chunk of process.stdin) input += chunk;
  const request = JSON.parse(input);
  const kafka = new Kafka({
    clientId: 'weir-e2e',
    brokers: [process.argv[2]],
    logLevel: logLevel.ERROR,
    logCreator: () => (entry) => process.stderr.write(`${entry.log.message} ${entry.log.error || ''}\n`),
  });
  const run = { produce, consume, admin: administer }[request.op];
  const answer = `${JSON.stringify(await run(kafka, request))}\n`;
  await new Promise((written) => process.stdout.write(answer, written));
}

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  },
);
