// Kafka's own classes against weir's message tables: the same fields in the same order, and what one encodes the other
// reads and writes back byte for byte.
//
//     mkdir check && WEIR_WIRE_CHECK=check build/asan/tests/wire_kafka_check_test
//     java -cp 'build/kafka/lib/*' tests/kafka/WireCheck.java check
//
// build/kafka/lib comes from tests/kafka/kafka. Formats: src/wire/kafka_check_test.c. Exit status 1 if anything differs.

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.CompactArrayOf;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.RecordBatch;

public class WireCheck {
    static int bad;

    static void complain(String what) {
        if (++bad <= 20) System.out.println(what);
    }

    static Class<?> classOf(String name) throws ClassNotFoundException {
        return name.endsWith("Request") || name.endsWith("Response")
            ? Class.forName("org.apache.kafka.common.message." + name + "Data")
            : Class.forName("org.apache.kafka.coordinator.group.generated." + name);
    }

    // The records' key classes know one version; the number in front of a key is the kind of the record.
    static short versionOf(String name, String version) {
        return name.endsWith("Key") ? 0 : Short.parseShort(version);
    }

    static boolean newerThanThisKafka(String name, String version) throws Exception {
        Schema[] schemas = (Schema[]) classOf(name).getField("SCHEMAS").get(null);
        return versionOf(name, version) >= schemas.length;
    }

    static void print(StringBuilder out, String name, Type type, int depth) {
        out.append("  ".repeat(depth)).append(name).append(' ');
        Schema inner = null;
        if (type.isArray()) {
            Type item = type.arrayElementType().get();
            out.append(type instanceof CompactArrayOf ? "COMPACT_" : "").append(type.isNullable() ? "NULLABLE_" : "");
            out.append("ARRAY");
            if (item instanceof Schema) inner = (Schema) item;
            else out.append(" of ").append(item);
        } else if (type instanceof Schema) {
            inner = (Schema) type;
            out.append("STRUCT");
        } else {
            out.append(type);
        }
        out.append('\n');
        if (inner != null) print(out, inner, depth + 1);
    }

    static void print(StringBuilder out, Schema schema, int depth) {
        for (BoundField field : schema.fields()) {
            if (field.def.type instanceof TaggedFields)
                new TreeMap<>(((TaggedFields) field.def.type).fields())
                    .forEach((tag, def) -> print(out, "TAG" + tag + " " + def.name, def.type, depth));
            else
                print(out, field.def.name, field.def.type, depth);
        }
    }

    static void checkSchemas(List<String> lines) throws Exception {
        int count = 0;
        for (int at = 0; at < lines.size(); count++) {
            String[] head = lines.get(at).split(" ");
            StringBuilder ours = new StringBuilder(), kafkas = new StringBuilder();
            Schema[] schemas = (Schema[]) classOf(head[0]).getField("SCHEMAS").get(null);
            for (at++; at < lines.size() && lines.get(at).startsWith(" "); at++) ours.append(lines.get(at)).append('\n');
            if (newerThanThisKafka(head[0], head[1])) continue;
            print(kafkas, schemas[versionOf(head[0], head[1])], 1);
            if (!kafkas.toString().contentEquals(ours))
                complain(head[0] + " version " + head[1] + "\nours:\n" + ours + "Kafka's:\n" + kafkas);
        }
        System.out.println(count + " schemas");
    }

    static void checkSamples(List<String> lines) throws Exception {
        for (String line : lines) {
            String[] part = line.split(" ", -1);
            if (newerThanThisKafka(part[0], part[1])) continue;
            short version = versionOf(part[0], part[1]);
            byte[] bytes = HexFormat.of().parseHex(part[2]);
            try {
                Message message = (Message) classOf(part[0]).getConstructor().newInstance();
                ByteBuffer in = ByteBuffer.wrap(bytes);
                message.read(new ByteBufferAccessor(in), version);
                ObjectSerializationCache cache = new ObjectSerializationCache();
                ByteBuffer out = ByteBuffer.allocate(message.size(cache, version));
                message.write(new ByteBufferAccessor(out), cache, version);
                if (in.hasRemaining() || !Arrays.equals(out.array(), bytes))
                    complain(part[0] + " version " + part[1] + " differs:\n" + part[2] + "\n"
                        + HexFormat.of().formatHex(out.array()) + "\n" + message);
            } catch (RuntimeException e) {
                complain(part[0] + " version " + part[1] + ": " + e + "\n" + part[2]);
            }
        }
        System.out.println(lines.size() + " samples");
    }

    static String hex(ByteBuffer bytes) {
        if (bytes == null) return "null";
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return HexFormat.of().formatHex(copy);
    }

    static void checkBatches(List<String> lines) throws Exception {
        String first = null;
        for (String line : lines) {
            String[] part = line.split(" ");
            StringBuilder text = new StringBuilder();
            MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(HexFormat.of().parseHex(part[1])));
            for (RecordBatch batch : records.batches()) {
                batch.ensureValid();
                if (!batch.compressionType().name.equals(part[0])) complain(part[0] + " reads as another compression");
                batch.forEach(record -> text.append(record.offset()).append(' ').append(record.timestamp()).append(' ')
                    .append(hex(record.key())).append(' ').append(hex(record.value()))
                    .append(Arrays.toString(record.headers())).append('\n'));
            }
            if (first == null) first = text.toString();
            if (text.length() == 0 || !text.toString().equals(first)) complain(part[0] + " reads as other records");
        }
        System.out.println(lines.size() + " batches");
    }

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        checkSchemas(Files.readAllLines(directory.resolve("schema.txt")));
        checkSamples(Files.readAllLines(directory.resolve("samples.txt")));
        checkBatches(Files.readAllLines(directory.resolve("batches.txt")));
        System.out.println(bad == 0 ? "Kafka's classes agree" : bad + " differ");
        System.exit(bad == 0 ? 0 : 1);
    }
}
