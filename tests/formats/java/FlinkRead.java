import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.formats.common.TimestampFormat;
import org.apache.flink.formats.json.canal.CanalJsonDeserializationSchema;
import org.apache.flink.formats.json.debezium.DebeziumJsonDeserializationSchema;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.util.Collector;

/**
 * Reads records with Flink's own format classes: FlinkRead canal|debezium|debezium-schema FILE. A line "T name type name
 * type ..." begins a table, a line "V base64" is a record's value (fields by tabs). For each value one line: a JSON array
 * of the rows that came of it, {"kind": "+I", "row": {...}}, with bytes as {"base64": ...}.
 */
public class FlinkRead {
  static final ObjectMapper JSON = new ObjectMapper();

  static DataType typeOf(String name) {
    String[] parts = name.split(":");
    switch (parts[0]) {
      case "BIGINT": return DataTypes.BIGINT();
      case "DOUBLE": return DataTypes.DOUBLE();
      case "BOOLEAN": return DataTypes.BOOLEAN();
      case "STRING": return DataTypes.STRING();
      case "BYTES": return DataTypes.BYTES();
      case "DECIMAL": return DataTypes.DECIMAL(Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
      case "FLOATS": return DataTypes.ARRAY(DataTypes.FLOAT());
      case "GEOMETRY":
        return DataTypes.ROW(DataTypes.FIELD("wkb", DataTypes.BYTES()), DataTypes.FIELD("srid", DataTypes.INT()));
      case "POINT":
        return DataTypes.ROW(DataTypes.FIELD("x", DataTypes.DOUBLE()), DataTypes.FIELD("y", DataTypes.DOUBLE()),
            DataTypes.FIELD("wkb", DataTypes.BYTES()), DataTypes.FIELD("srid", DataTypes.INT()));
      default: throw new IllegalArgumentException(name);
    }
  }

  static Object bytes(byte[] data) { return Map.of("base64", Base64.getEncoder().encodeToString(data)); }

  static Object plain(Object value) {
    if (value instanceof byte[]) return bytes((byte[]) value);
    if (value instanceof DecimalData) return ((DecimalData) value).toBigDecimal().toPlainString();
    if (value instanceof ArrayData) {
      List<Object> list = new ArrayList<>();
      for (float one : ((ArrayData) value).toFloatArray()) list.add(one);
      return list;
    }
    if (value instanceof RowData) {
      RowData row = (RowData) value;
      Map<String, Object> struct = new LinkedHashMap<>();
      boolean isPoint = row.getArity() == 4;
      if (isPoint) {
        struct.put("x", row.getDouble(0));
        struct.put("y", row.getDouble(1));
      }
      int wkb = isPoint ? 2 : 0;
      struct.put("wkb", bytes(row.getBinary(wkb)));
      struct.put("srid", row.isNullAt(wkb + 1) ? null : row.getInt(wkb + 1));
      return struct;
    }
    return value instanceof Number || value instanceof Boolean || value == null ? value : value.toString();
  }

  public static void main(String[] args) throws Exception {
    DeserializationSchema<RowData> schema = null;
    RowType rowType = null;
    StringBuilder out = new StringBuilder();
    for (String line : Files.readAllLines(Path.of(args[1]))) {
      String[] parts = line.split("\t");
      if (parts[0].equals("T")) {
        List<DataTypes.Field> fields = new ArrayList<>();
        for (int i = 1; i < parts.length; i += 2) fields.add(DataTypes.FIELD(parts[i], typeOf(parts[i + 1])));
        DataType type = DataTypes.ROW(fields.toArray(new DataTypes.Field[0])).notNull();
        rowType = (RowType) type.getLogicalType();
        InternalTypeInfo<RowData> info = InternalTypeInfo.of(rowType);
        schema = args[0].equals("canal")
            ? CanalJsonDeserializationSchema.builder(type, List.of(), info).setIgnoreParseErrors(false).build()
            : new DebeziumJsonDeserializationSchema(
                type, List.of(), info, args[0].equals("debezium-schema"), false, TimestampFormat.ISO_8601);
        schema.open(null);
        continue;
      }
      List<Object> rows = new ArrayList<>();
      RowType columns = rowType;
      schema.deserialize(Base64.getDecoder().decode(parts[1]), new Collector<RowData>() {
        @Override
        public void collect(RowData row) {
          Map<String, Object> found = new LinkedHashMap<>();
          for (int i = 0; i < columns.getFieldCount(); ++i) {
            found.put(columns.getFieldNames().get(i),
                plain(RowData.createFieldGetter(columns.getTypeAt(i), i).getFieldOrNull(row)));
          }
          rows.add(Map.of("kind", row.getRowKind().shortString(), "row", found));
        }

        @Override
        public void close() {}
      });
      out.append(JSON.writeValueAsString(rows)).append('\n');
    }
    System.out.write(out.toString().getBytes("UTF-8"));
    System.out.flush();
  }
}
