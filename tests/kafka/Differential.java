// The same requests to weir's broker and to Apache Kafka, the answers compared field by field.
//
//     java -cp 'build/kafka/lib/*' tests/kafka/Differential.java WEIR KAFKA FOLDER [WORD]
//
// WEIR and KAFKA are host:port. FOLDER has *.json, each a list of cases, and differences.txt. A case is run in every
// version of its api that both brokers serve (or those that "versions" names, [least, greatest]); every run has topics
// and groups of its own. With WORD only cases whose name contains it. Exit status 1 if an answer differs that
// differences.txt does not argue for, or if an argued difference is not there any more.
//
// A case:    {"name": …, "api": "Metadata", "versions": [4, 9], "topics": {"t~": 3}, "records": {"t~": 5}, "steps": [STEP, …]}
//            topics are made with so many partitions, and so many records written to partition 0, before the steps
// A step:    {"body": {…}}                    a request of the case's api in the version of the run
//            {"api": "CreateTopics", "version": 7, "body": {…}}     of another api, in that version
//            "quiet": true        the answer is not compared, it only prepares: sent again until it tells of no error
//            "connection": "b"    another connection; without it all steps share one
//            "later": "x"         the answer is read by a later step {"await": "x"}
//            "until": "topics.0.error_code=0"   sent again until the answer says so (at most 10 s)
//            "keep": {"m": "member_id"}         a value of the answer, for "@m" in later bodies
// A body has the fields of Kafka's message in snake case; what is left out is 0, empty, or as in DEFAULTS. "~" in a text
// becomes the run's own suffix; "now+5" is the time of the first record and 5 ms; "@id:NAME~" is a topic's id; {"batch": {…}} is a record batch (see batch()).
//
// differences.txt: CASE | VERSIONS | PATH | WHY, one a line; CASE and PATH are globs, VERSIONS is *, N or N-M.

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.*;
import org.apache.kafka.common.record.*;

public class Differential {
    static final int TIMEOUT_MS = 10_000;
    static final String NO_ERROR = "without an error";
    static final long NOW = System.currentTimeMillis(); // of both brokers' records: older ones would fall to retention
    static final ObjectMapper MAPPER = new ObjectMapper().configure(JsonParser.Feature.ALLOW_COMMENTS, true);
    static final Map<String, Object> DEFAULTS = new HashMap<>();

    static {
        for (String name : List.of("replica_id", "current_leader_epoch", "generation_id", "generation_id_or_member_epoch", "member_epoch",
                "log_start_offset", "leader_epoch", "committed_leader_epoch", "retention_time_ms", "session_epoch", "last_fetched_epoch",
                "commit_timestamp", "producer_id", "producer_epoch"))
            DEFAULTS.put(name, -1);
        for (String name : List.of("max_bytes", "partition_max_bytes")) DEFAULTS.put(name, 1 << 20);
        for (String name : List.of("timeout_ms", "session_timeout_ms", "rebalance_timeout_ms")) DEFAULTS.put(name, 10_000);
    }

    // What two brokers cannot agree on: only whether there is something is compared.
    static final Set<String> PRESENCE = Set.of("topic_id", "cluster_id", "error_message", "member_id", "leader", "host", "producer_id",
        "log_append_time_ms", "client_host", "log_dir", "max_timestamp", "documentation", "controller_id");
    static final Set<String> IGNORED = Set.of("throttle_time_ms", "port", "session_id", "total_bytes", "usable_bytes", "_tagged_fields");

    // ---- one broker

    static class Broker {
        final String name, host;
        final int port;
        final Map<Short, short[]> ranges = new HashMap<>();

        Broker(String name, String address) throws Exception {
            this.name = name;
            int colon = address.lastIndexOf(':');
            host = address.substring(0, colon);
            port = Integer.parseInt(address.substring(colon + 1));
            try (Connection connection = new Connection(this)) {
                Struct answer = connection.ask(ApiKeys.API_VERSIONS, (short) 0, MAPPER.createObjectNode(), new Run(this, ""));
                for (Object row : answer.getArray("api_keys")) {
                    Struct api = (Struct) row;
                    ranges.put(api.getShort("api_key"), new short[] {api.getShort("min_version"), api.getShort("max_version")});
                }
            }
        }
    }

    static class Connection implements AutoCloseable {
        final Socket socket;
        final DataInputStream in;
        final DataOutputStream out;
        final Deque<Object[]> asked = new ArrayDeque<>();
        int correlation;

        Connection(Broker broker) throws Exception {
            socket = new Socket(broker.host, broker.port);
            socket.setSoTimeout(TIMEOUT_MS);
            socket.setTcpNoDelay(true);
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(socket.getOutputStream());
        }

        void send(ApiKeys api, short version, JsonNode body, Run run) throws Exception {
            RequestHeaderData header = new RequestHeaderData().setRequestApiKey(api.id).setRequestApiVersion(version)
                .setCorrelationId(++correlation).setClientId("differential");
            short headerVersion = api.requestHeaderVersion(version);
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ByteBuffer encoded = api == ApiKeys.DESCRIBE_TOPIC_PARTITIONS ? topicPartitions(body, run) : encoded(api.messageType.requestSchemas()[version], body, run);
            int size = header.size(cache, headerVersion) + encoded.remaining();
            ByteBuffer bytes = ByteBuffer.allocate(4 + size);
            bytes.putInt(size);
            header.write(new ByteBufferAccessor(bytes), cache, headerVersion);
            bytes.put(encoded);
            asked.add(new Object[] {api, version});
            out.write(bytes.array(), 0, bytes.position());
            out.flush();
        }

        Struct receive() throws Exception {
            Object[] what = asked.remove();
            ApiKeys api = (ApiKeys) what[0];
            short version = (Short) what[1];
            byte[] frame = new byte[in.readInt()];
            in.readFully(frame);
            ByteBuffer bytes = ByteBuffer.wrap(frame);
            bytes.getInt();
            if (api.responseHeaderVersion(version) > 0) bytes.get(); // no tags
            Schema schema = api == ApiKeys.DESCRIBE_TOPIC_PARTITIONS ? PAGE : api.messageType.responseSchemas()[version];
            Struct answer = schema.read(bytes);
            if (bytes.hasRemaining()) throw new IllegalStateException(bytes.remaining() + " bytes behind the answer");
            return answer;
        }

        Struct ask(ApiKeys api, short version, JsonNode body, Run run) throws Exception {
            send(api, version, body, run);
            return receive();
        }

        public void close() throws Exception {
            socket.close();
        }
    }

    // ---- one run of a case against one broker

    static class Run {
        final Broker broker;
        final String suffix;
        final Map<String, Object> kept = new HashMap<>();
        final Map<String, Connection> connections = new HashMap<>(), later = new HashMap<>();

        Run(Broker broker, String suffix) {
            this.broker = broker;
            this.suffix = suffix;
        }

        String text(String from) {
            return from.replace("~", suffix);
        }

        Connection connection(String name) throws Exception {
            if (!connections.containsKey(name)) connections.put(name, new Connection(broker));
            return connections.get(name);
        }

        Uuid topicId(String topic) throws Exception {
            JsonNode body = MAPPER.readTree("{\"topics\": [{\"name\": \"" + topic + "\"}]}");
            Struct answer = connection("ids").ask(ApiKeys.METADATA, (short) 12, body, this);
            return ((Struct) answer.getArray("topics")[0]).getUuid("topic_id");
        }

        // One line a field of every compared answer; the path begins with the step's number.
        List<String> play(JsonNode test, short version) throws Exception {
            List<String> lines = new ArrayList<>();
            int at = 0;
            try {
                prepare(test);
                for (JsonNode step : test.get("steps")) {
                    String prefix = at++ + ".";
                    Struct answer = take(test, step, version);
                    if (answer == null) continue;
                    for (Iterator<Map.Entry<String, JsonNode>> keep = step.path("keep").fields(); keep.hasNext();) {
                        Map.Entry<String, JsonNode> entry = keep.next();
                        kept.put(entry.getKey(), at(answer, entry.getValue().asText()));
                    }
                    if (!step.path("quiet").asBoolean()) print(lines, prefix, answer, this);
                }
            } catch (EOFException e) {
                lines.add((at - 1) + ".connection=closed");
            } finally {
                for (Connection connection : connections.values()) connection.close();
            }
            return lines;
        }

        void prepare(JsonNode test) throws Exception {
            for (Iterator<Map.Entry<String, JsonNode>> topics = test.path("topics").fields(); topics.hasNext();) {
                Map.Entry<String, JsonNode> topic = topics.next();
                String name = "\"name\": \"" + topic.getKey() + "\"";
                take(test, MAPPER.readTree("{\"api\": \"CreateTopics\", \"version\": 5, \"until\": \"topics.0.error_code=0\", \"body\": {\"topics\": [{"
                    + name + ", \"replication_factor\": 1, \"num_partitions\": " + topic.getValue() + "}]}}"), (short) 5);
                take(test, MAPPER.readTree("{\"api\": \"Metadata\", \"version\": 9, \"until\": \"topics.0.partitions." + (topic.getValue().asInt() - 1)
                    + ".error_code=0\", \"body\": {\"topics\": [{" + name + "}]}}"), (short) 9);
                for (int i = 0; i < topic.getValue().asInt(); i++)
                    take(test, MAPPER.readTree("{\"api\": \"ListOffsets\", \"version\": 1, \"until\": \"topics.0.partitions.0.error_code=0\", \"body\": {\"topics\": [{"
                        + name + ", \"partitions\": [{\"partition_index\": " + i + ", \"timestamp\": -1}]}]}}"), (short) 1);
            }
            for (Iterator<Map.Entry<String, JsonNode>> records = test.path("records").fields(); records.hasNext();) {
                Map.Entry<String, JsonNode> count = records.next();
                take(test, MAPPER.readTree("{\"api\": \"Produce\", \"version\": 3, \"until\": \"responses.0.partition_responses.0.error_code=0\", \"body\": {\"acks\": -1, \"topic_data\": [{"
                    + "\"name\": \"" + count.getKey() + "\", \"partition_data\": [{\"records\": {\"batch\": {\"count\": " + count.getValue() + "}}}]}]}}"), (short) 3);
            }
        }

        Struct take(JsonNode test, JsonNode step, short version) throws Exception {
            if (step.has("await")) return later.remove(step.get("await").asText()).receive();
            ApiKeys api = api(step.path("api").asText(test.path("api").asText()));
            short used = (short) step.path("version").asInt(version);
            Connection connection = connection(step.path("connection").asText(""));
            if (step.has("later")) {
                connection.send(api, used, step.path("body"), this);
                later.put(step.get("later").asText(), connection);
                return null;
            }
            Struct answer = connection.ask(api, used, step.path("body"), this);
            String until = step.path("until").asText(step.path("quiet").asBoolean() ? NO_ERROR : "");
            for (long end = System.nanoTime() + TIMEOUT_MS * 1_000_000L; !until.isEmpty() && !holds(answer, until);) {
                if (System.nanoTime() > end) throw new IllegalStateException(broker.name + ": never " + until + ": " + answer);
                Thread.sleep(20);
                answer = connection.ask(api, used, step.path("body"), this);
            }
            return answer;
        }
    }

    // What a broker makes ready in its own time, so that no case depends on being the first: Kafka gives out producer
    // ids once its controller has sent it a block of them, and until then answers with an error and the id -1. The
    // coordinators of groups exist, and have loaded, some time after somebody looked for the first of them.
    static void ready(Broker broker) throws Exception {
        Run run = new Run(broker, "-ready");
        ObjectNode groups = MAPPER.createObjectNode();
        for (int i = 0; i < 200; i++) groups.withArray("groups").add("g" + i + "~"); // enough for each coordinator
        try {
            for (String step : List.of("{\"api\": \"InitProducerId\", \"version\": 1, \"body\": {\"transactional_id\": null, \"transaction_timeout_ms\": 1000}}",
                    "{\"api\": \"FindCoordinator\", \"version\": 1, \"body\": {\"key\": \"g~\"}}",
                    "{\"api\": \"DescribeGroups\", \"version\": 0, \"body\": " + groups + "}"))
                run.take(MAPPER.createObjectNode(), ((ObjectNode) MAPPER.readTree(step)).put("quiet", true), (short) 0);
        } finally {
            for (Connection connection : run.connections.values()) connection.close();
        }
    }

    static boolean holds(Struct answer, String until) {
        if (until.equals(NO_ERROR)) return !tellsOfAnError(answer);
        int equals = until.indexOf('=');
        return String.valueOf(at(answer, until.substring(0, equals))).equals(until.substring(equals + 1));
    }

    static boolean tellsOfAnError(Object value) {
        if (value instanceof Object[]) return Stream.of((Object[]) value).anyMatch(Differential::tellsOfAnError);
        if (!(value instanceof Struct)) return false;
        for (BoundField field : ((Struct) value).schema().fields()) {
            Object inner = ((Struct) value).get(field);
            if (field.def.name.equals("error_code") ? (Short) inner != 0 : tellsOfAnError(inner)) return true;
        }
        return false;
    }

    static Object at(Object value, String path) {
        for (String part : path.split("\\.")) {
            if (value instanceof Object[]) {
                int index = Integer.parseInt(part);
                value = index < ((Object[]) value).length ? ((Object[]) value)[index] : null;
            } else {
                value = value == null ? null : ((Struct) value).get(part);
            }
        }
        return value;
    }

    // Kafka's schemas do not know of structs that may be null, which this API has in request and answer: a byte says
    // whether one follows. Its table stands here, with the cursor as an array of at most one.
    static final Type ONE_OR_NONE = new Type() {
        final Schema cursor = new Schema(new Field("topic_name", Type.COMPACT_STRING), new Field("partition_index", Type.INT32), Field.TaggedFieldsSection.of());

        public void write(ByteBuffer buffer, Object o) {
            throw new UnsupportedOperationException();
        }

        public Object read(ByteBuffer buffer) {
            return buffer.get() < 0 ? new Object[0] : new Object[] {cursor.read(buffer)};
        }

        public Object validate(Object o) {
            return o;
        }

        public int sizeOf(Object o) {
            throw new UnsupportedOperationException();
        }
    };
    static final Schema PAGE = page();

    static Schema page() {
        Schema full = org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.SCHEMA_0;
        Field[] fields = Stream.of(full.fields()).map(field -> field.def.name.equals("next_cursor") ? new Field("next_cursor", ONE_OR_NONE) : field.def).toArray(Field[]::new);
        return new Schema(fields);
    }

    static ByteBuffer topicPartitions(JsonNode body, Run run) {
        org.apache.kafka.common.message.DescribeTopicPartitionsRequestData data = new org.apache.kafka.common.message.DescribeTopicPartitionsRequestData();
        for (JsonNode topic : body.get("topics"))
            data.topics().add(new org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest().setName(run.text(topic.get("name").asText())));
        data.setResponsePartitionLimit(body.get("response_partition_limit").asInt());
        if (!body.get("cursor").isNull())
            data.setCursor(new org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.Cursor()
                .setTopicName(run.text(body.get("cursor").get("topic_name").asText())).setPartitionIndex(body.get("cursor").get("partition_index").asInt()));
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer bytes = ByteBuffer.allocate(data.size(cache, (short) 0));
        data.write(new ByteBufferAccessor(bytes), cache, (short) 0);
        bytes.flip();
        return bytes;
    }

    // ---- JSON to a request

    static ByteBuffer encoded(Schema schema, JsonNode body, Run run) throws Exception {
        Object struct = encode(schema, body, "", run);
        ByteBuffer bytes = ByteBuffer.allocate(schema.sizeOf(struct));
        schema.write(bytes, struct);
        bytes.flip();
        return bytes;
    }

    static Object encode(Type type, JsonNode from, String name, Run run) throws Exception {
        boolean absent = from == null || from.isMissingNode();
        if (from != null && from.isNull()) return null;
        if (type.isArray()) {
            Type item = type.arrayElementType().get();
            List<Object> items = new ArrayList<>();
            if (!absent)
                for (JsonNode each : from) items.add(encode(item, each, name, run));
            return items.toArray();
        }
        if (type instanceof Schema) return struct((Schema) type, absent ? MAPPER.createObjectNode() : from, run);
        if (type instanceof TaggedFields) return new TreeMap<Integer, Object>();
        Object fallback = DEFAULTS.get(name);
        Object given = absent ? null : from.isTextual() && from.asText().startsWith("@") ? reference(from.asText(), run) : null;
        if (!absent && from.isTextual() && from.asText().startsWith("now+")) given = NOW + Long.parseLong(from.asText().substring(4));
        long number = given instanceof Number ? ((Number) given).longValue() : !absent ? from.asLong() : fallback == null ? 0 : ((Number) fallback).longValue();
        String kind = type.toString();
        switch (kind) {
            case "BOOLEAN": return !absent && from.asBoolean();
            case "INT8": return (byte) number;
            case "INT16": return (short) number;
            case "UINT16": case "INT32": return (int) number;
            case "UNSIGNED_INT32": case "INT64": return number;
            case "FLOAT64": return absent ? 0.0 : from.asDouble();
            case "UUID": return absent ? Uuid.ZERO_UUID : given != null ? given : Uuid.fromString(from.asText());
        }
        if (kind.contains("RECORDS")) return absent ? null : batches(from, run);
        if (kind.contains("BYTES")) return absent ? kind.contains("NULLABLE") ? null : ByteBuffer.allocate(0) : ByteBuffer.wrap(run.text(from.asText()).getBytes(StandardCharsets.ISO_8859_1));
        if (absent) return kind.contains("NULLABLE") ? null : "";
        return given != null ? given : run.text(from.asText());
    }

    static Object reference(String text, Run run) throws Exception {
        if (text.startsWith("@id:")) return run.topicId(run.text(text.substring(4)));
        if (!run.kept.containsKey(text.substring(1))) throw new IllegalStateException("nothing is kept as " + text);
        return run.kept.get(text.substring(1));
    }

    static Struct struct(Schema schema, JsonNode from, Run run) throws Exception {
        Struct struct = new Struct(schema);
        for (BoundField field : schema.fields()) {
            if (field.def.type instanceof TaggedFields) {
                TreeMap<Integer, Object> tags = new TreeMap<>();
                for (Map.Entry<Integer, Field> tag : ((TaggedFields) field.def.type).fields().entrySet())
                    if (from.has(tag.getValue().name))
                        tags.put(tag.getKey(), encode(tag.getValue().type, from.get(tag.getValue().name), tag.getValue().name, run));
                struct.set(field, tags);
            } else {
                struct.set(field, encode(field.def.type, from.path(field.def.name), field.def.name, run));
            }
        }
        return struct;
    }

    // {"count": 3, "codec": "gzip", "keys": true, "time": 1000, "producer_id": "@p", "epoch": 0, "sequence": 0, "base": 0,
    //  "magic": 2, "size": 10, "patch": [at, byte], "cut": 5, "transactional": true, "append_time": true}, or a list of such
    static MemoryRecords batches(JsonNode from, Run run) throws Exception {
        List<ByteBuffer> parts = new ArrayList<>();
        for (JsonNode each : from.isArray() ? from : List.of(from)) parts.add(batch(each.get("batch"), run));
        ByteBuffer all = ByteBuffer.allocate(parts.stream().mapToInt(ByteBuffer::remaining).sum());
        parts.forEach(all::put);
        all.flip();
        return MemoryRecords.readableRecords(all);
    }

    static ByteBuffer batch(JsonNode from, Run run) throws Exception {
        int count = from.path("count").asInt(1);
        long time = from.path("time").asLong(NOW);
        JsonNode id = from.path("producer_id");
        long producerId = id.isTextual() ? (Long) reference(id.asText(), run) : id.asLong(-1);
        MemoryRecordsBuilder builder = new MemoryRecordsBuilder(ByteBuffer.allocate(1024), (byte) from.path("magic").asInt(2),
            Compression.of(from.path("codec").asText("none")).build(), from.path("append_time").asBoolean() ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME,
            from.path("base").asLong(0), time, producerId, (short) from.path("epoch").asInt(-1), from.path("sequence").asInt(-1),
            from.path("transactional").asBoolean(), false, -1, Integer.MAX_VALUE);
        byte[] value = "v".repeat(from.path("size").asInt(10)).getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < count; i++)
            builder.append(time + i * from.path("step").asLong(1), from.path("keys").asBoolean() ? ("k" + i).getBytes(StandardCharsets.US_ASCII) : null, value);
        ByteBuffer bytes = builder.build().buffer().duplicate();
        if (from.has("patch")) bytes.put(bytes.position() + from.get("patch").get(0).asInt(), (byte) from.get("patch").get(1).asInt());
        if (from.has("cut")) bytes.limit(bytes.limit() - from.get("cut").asInt());
        return bytes;
    }

    // ---- an answer to lines

    static void print(List<String> lines, String path, Struct answer, Run run) throws Exception {
        for (BoundField field : answer.schema().fields()) {
            String name = field.def.name;
            if (field.def.type instanceof TaggedFields) {
                @SuppressWarnings("unchecked")
                Map<Integer, Object> tags = (Map<Integer, Object>) answer.get(field);
                for (Map.Entry<Integer, Field> tag : ((TaggedFields) field.def.type).fields().entrySet())
                    if (tags != null && tags.containsKey(tag.getKey()))
                        print(lines, path, tag.getValue().name, tags.get(tag.getKey()), run);
            } else {
                print(lines, path, name, answer.get(field), run);
            }
        }
    }

    static void print(List<String> lines, String path, String name, Object value, Run run) throws Exception {
        if (IGNORED.contains(name)) return;
        if (value instanceof Object[]) {
            // The order of topics and partitions means nothing: an item is known by its key, others by their place once sorted.
            List<String> items = new ArrayList<>();
            for (Object item : (Object[]) value) {
                List<String> inner = new ArrayList<>();
                if (item instanceof Struct) print(inner, "", (Struct) item, run);
                else print(inner, "", "item", item, run);
                items.add(key(item, run) + "\n" + String.join("\n", inner));
            }
            Collections.sort(items);
            lines.add(path + name + "=(list)");
            Map<String, Integer> seen = new HashMap<>();
            for (String item : items) {
                String[] part = item.split("\n");
                int times = seen.merge(part[0], 1, Integer::sum);
                String at = path + name + "[" + (part[0].isEmpty() ? times - 1 : times == 1 ? part[0] : part[0] + "#" + times) + "]";
                lines.add(at + "=(there)");
                for (int i = 1; i < part.length; i++) lines.add(at + "." + part[i]);
            }
        } else if (value instanceof Struct) {
            print(lines, path + name + ".", (Struct) value, run);
        } else if (value instanceof BaseRecords) {
            printRecords(lines, path + name, (BaseRecords) value);
        } else {
            lines.add(path + name + "=" + plain(name, value, run));
        }
    }

    static final List<String> KEYS = List.of("name", "topic_name", "topic", "partition_index", "partition", "group_id", "resource_name", "api_key",
        "node_id", "broker_id");

    static String key(Object item, Run run) {
        if (!(item instanceof Struct)) return "";
        List<String> parts = new ArrayList<>();
        for (String name : KEYS)
            if (((Struct) item).hasField(name) && ((Struct) item).get(name) != null) parts.add(plain(name, ((Struct) item).get(name), run));
        if (parts.isEmpty() && ((Struct) item).hasField("topic_id")) parts.add(plain("topic_id", ((Struct) item).get("topic_id"), run));
        return String.join(":", parts);
    }

    static String plain(String name, Object value, Run run) {
        boolean nothing = value == null || value.equals("") || value.equals(Uuid.ZERO_UUID) || value.equals(-1L) || value.equals(-1);
        if (PRESENCE.contains(name)) return nothing ? String.valueOf(value) : "(set)";
        if (value instanceof ByteBuffer) {
            byte[] bytes = new byte[((ByteBuffer) value).remaining()];
            ((ByteBuffer) value).duplicate().get(bytes);
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
        return run.suffix.isEmpty() ? String.valueOf(value) : String.valueOf(value).replace(run.suffix, "~");
    }

    static void printRecords(List<String> lines, String path, BaseRecords value) {
        int at = 0;
        if (value instanceof MemoryRecords)
            for (RecordBatch batch : ((MemoryRecords) value).batches()) {
                StringBuilder text = new StringBuilder("offsets " + batch.baseOffset() + ".." + batch.lastOffset() + " " + batch.compressionType()
                    + " " + batch.timestampType() + " epoch " + batch.partitionLeaderEpoch() + " sequence " + batch.baseSequence());
                for (org.apache.kafka.common.record.Record record : batch) text.append(" ").append(record.offset()).append("@").append(record.timestamp());
                lines.add(path + "." + at++ + "=" + text);
            }
        lines.add(path + ".count=" + at);
    }

    // ---- comparing

    static class Argued {
        final String line, why;
        final String test, path;
        final int least, greatest;
        boolean used;

        Argued(String line) {
            String[] part = line.split("\\|");
            if (part.length != 4) throw new IllegalArgumentException("differences.txt: " + line);
            this.line = line;
            test = glob(part[0].trim());
            String[] versions = part[1].trim().split("-");
            least = versions[0].equals("*") ? 0 : Integer.parseInt(versions[0]);
            greatest = versions[0].equals("*") ? 1000 : Integer.parseInt(versions[versions.length - 1]);
            path = glob(part[2].trim());
            why = part[3].trim();
        }

        static String glob(String text) {
            return Stream.of(text.split("\\*", -1)).map(java.util.regex.Pattern::quote).collect(Collectors.joining(".*"));
        }

        boolean covers(String name, short version, String where) {
            return version >= least && version <= greatest && name.matches(test) && where.matches(path);
        }
    }

    static ApiKeys api(String name) {
        for (ApiKeys key : ApiKeys.values())
            if (key.name.equals(name)) return key;
        throw new IllegalArgumentException("no API " + name);
    }

    static Map<String, String> fields(List<String> lines) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String line : lines) fields.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
        return fields;
    }

    static List<String> play(Broker broker, JsonNode test, short version, int serial) {
        Run run = new Run(broker, "-" + Integer.toString(serial, 36) + "x");
        try {
            return run.play(test, version);
        } catch (Exception e) {
            return List.of("run=" + e);
        }
    }

    public static void main(String[] args) throws Exception {
        Broker weir = new Broker("weir", args[0]), kafka = new Broker("kafka", args[1]);
        ready(weir);
        ready(kafka);
        List<Argued> argued = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(args[2], "differences.txt")))
            if (!line.isBlank() && !line.startsWith("#")) argued.add(new Argued(line));
        String word = args.length > 3 ? args[3] : "";
        List<Path> files;
        try (Stream<Path> list = Files.list(Path.of(args[2]))) {
            files = list.filter(path -> path.toString().endsWith(".json")).sorted().collect(Collectors.toList());
        }
        int runs = 0, requests = 0, serial = (int) (System.currentTimeMillis() / 1000 % 1_000_000) * 1000;
        Map<String, String> found = new LinkedHashMap<>(); // case, path, both values -> versions
        for (Path file : files)
            for (JsonNode test : MAPPER.readTree(file.toFile())) {
                String name = test.get("name").asText();
                if (!name.contains(word)) continue;
                ApiKeys api = api(test.get("api").asText());
                short[] a = weir.ranges.get(api.id), b = kafka.ranges.get(api.id);
                if (a == null || b == null) {
                    found.put(name + ": " + api.name + " is served by " + (a == null ? "Kafka" : "weir") + " alone", "");
                    continue;
                }
                JsonNode given = test.path("versions");
                int least = Math.max(Math.max(a[0], b[0]), given.path(0).asInt(0)), greatest = Math.min(Math.min(a[1], b[1]), given.path(1).asInt(1000));
                if (api == ApiKeys.PRODUCE) least = Math.max(least, 3);
                for (short version = (short) least; version <= greatest; version++, runs++) {
                    if (System.getenv("VERBOSE") != null) System.err.println(name + " " + version);
                    requests += test.get("steps").size();
                    long began = System.nanoTime();
                    Map<String, String> ours = fields(play(weir, test, version, ++serial)), theirs = fields(play(kafka, test, version, serial));
                    if (System.nanoTime() - began > 5_000_000_000L) System.err.println(name + ", version " + version + ": " + (System.nanoTime() - began) / 1_000_000 + " ms");
                    Set<String> paths = new LinkedHashSet<>(theirs.keySet());
                    paths.addAll(ours.keySet());
                    Set<String> missing = new HashSet<>();
                    for (String path : paths) {
                        if (Objects.equals(ours.get(path), theirs.get(path)) || missing.stream().anyMatch(item -> path.startsWith(item + "."))) continue;
                        if (path.endsWith("error_message") && ours.containsKey(path) && theirs.containsKey(path) && (theirs.get(path).equals("null") || theirs.get(path).isEmpty())) continue; // weir says more
                        if (ours.get(path) == null || theirs.get(path) == null) missing.add(path);
                        boolean allowed = false;
                        for (Argued row : argued)
                            if (row.covers(name, version, path)) allowed = row.used = true;
                        if (!allowed)
                            found.merge(name + ": " + path + "\n    weir  " + ours.get(path) + "\n    Kafka " + theirs.get(path), " " + version, String::concat);
                    }
                }
            }
        found.forEach((what, versions) -> System.out.println(what + (versions.isEmpty() ? "" : "\n    versions" + versions)));
        int stale = 0;
        for (Argued row : argued)
            if (!row.used && word.isEmpty()) {
                stale++;
                System.out.println("differences.txt: not there any more: " + row.line);
            }
        System.out.println(runs + " runs of " + requests + " requests, " + found.size() + " differences, " + argued.size() + " argued for, " + stale + " of them stale");
        System.exit(found.isEmpty() && stale == 0 ? 0 : 1);
    }
}
