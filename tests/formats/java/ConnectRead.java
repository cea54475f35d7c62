import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.json.JsonConverter;

/**
 * Reads JSON with its schema in front with Kafka Connect's own converter, which checks each value against the schema:
 * ConnectRead FILE, lines of base64. For each one line: {"schema": its name, "names": {column: semantic name} of the row,
 * "value": ...}, with bytes as {"base64": ...} and decimals as text.
 */
public class ConnectRead {
  static Object plain(Object value) {
    if (value instanceof Struct) {
      Struct struct = (Struct) value;
      struct.validate();
      Map<String, Object> map = new LinkedHashMap<>();
      for (Field field : struct.schema().fields()) map.put(field.name(), plain(struct.get(field)));
      return map;
    }
    if (value instanceof List) {
      List<Object> list = new ArrayList<>();
      for (Object one : (List<?>) value) list.add(plain(one));
      return list;
    }
    if (value instanceof ByteBuffer) {
      ByteBuffer buffer = ((ByteBuffer) value).duplicate();
      byte[] data = new byte[buffer.remaining()];
      buffer.get(data);
      return plain(data);
    }
    if (value instanceof byte[]) return Map.of("base64", Base64.getEncoder().encodeToString((byte[]) value));
    if (value instanceof BigDecimal) return ((BigDecimal) value).toPlainString();
    return value;
  }

  public static void main(String[] args) throws Exception {
    JsonConverter converter = new JsonConverter();
    converter.configure(Map.of("schemas.enable", "true"), args[0].equals("key"));
    ObjectMapper json = new ObjectMapper();
    StringBuilder out = new StringBuilder();
    for (String line : Files.readAllLines(Path.of(args[1]))) {
      SchemaAndValue found = converter.toConnectData("samples", Base64.getDecoder().decode(line));
      Map<String, Object> names = new LinkedHashMap<>();
      if (found.schema().field("after") != null) {
        for (Field field : found.schema().field("after").schema().fields()) {
          names.put(field.name(), field.schema().name());
        }
      }
      Map<String, Object> told = new LinkedHashMap<>();
      told.put("schema", found.schema().name());
      told.put("names", names);
      told.put("value", plain(found.value()));
      out.append(json.writeValueAsString(told)).append('\n');
    }
    System.out.write(out.toString().getBytes("UTF-8"));
    System.out.flush();
  }
}
