import com.aliyun.dts.subscribe.clients.record.DefaultUserRecord;
import com.aliyun.dts.subscribe.clients.record.RecordField;
import com.aliyun.dts.subscribe.clients.record.RecordSchema;
import com.aliyun.dts.subscribe.clients.record.RowImage;
import com.aliyun.dts.subscribe.clients.record.value.BinaryEncodingObject;
import com.aliyun.dts.subscribe.clients.record.value.DateTime;
import com.aliyun.dts.subscribe.clients.record.value.StringValue;
import com.aliyun.dts.subscribe.clients.record.value.UnixTimestamp;
import com.aliyun.dts.subscribe.clients.record.value.Value;
import com.aliyun.dts.subscribe.clients.recordgenerator.AvroDeserializer;
import com.google.gson.GsonBuilder;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** Reads DTS Avro with the classes of the official consumer: DtsRead FILE, lines of base64; one JSON object a line. */
public class DtsRead {
  static Map<String, Object> plain(Value<?> value) {
    if (value == null) return null;
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("class", value.getClass().getSimpleName());
    Object data = value.getData();
    if (data instanceof ByteBuffer) {
      ByteBuffer buffer = ((ByteBuffer) data).duplicate();
      byte[] bytes = new byte[buffer.remaining()];
      buffer.get(bytes);
      map.put("base64", Base64.getEncoder().encodeToString(bytes));
    } else if (value instanceof DateTime) {
      DateTime time = (DateTime) value;
      map.put("parts", List.of(time.getYear(), time.getMonth(), time.getDay(), time.getHour(), time.getMinute(),
          time.getSecond(), time.getNaons()));
    } else if (value instanceof UnixTimestamp) {
      map.put("seconds", Long.toString(((UnixTimestamp) value).getTimestampSec()));
      map.put("micros", ((UnixTimestamp) value).getMicro());
    } else {
      map.put("data", data instanceof Double ? data : data.toString());
    }
    if (value instanceof StringValue) map.put("charset", ((StringValue) value).getCharset());
    if (value instanceof BinaryEncodingObject) map.put("object", ((BinaryEncodingObject) value).getObjectType().toString());
    return map;
  }

  static Object image(RecordSchema schema, RowImage image) {
    if (image == null) return null;
    Map<String, Object> map = new LinkedHashMap<>();
    for (RecordField field : schema.getFields()) map.put(field.getFieldName(), plain(image.getValue(field)));
    return map;
  }

  public static void main(String[] args) throws Exception {
    AvroDeserializer deserializer = new AvroDeserializer();
    StringBuilder out = new StringBuilder();
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      DefaultUserRecord record = new DefaultUserRecord(new TopicPartition("t", 0), 0,
          deserializer.deserialize(Base64.getDecoder().decode(line)), null);
      RecordSchema schema = record.getSchema();
      Map<String, Object> told = new LinkedHashMap<>();
      told.put("id", Long.toString(record.getId()));
      told.put("operation", record.getOperationType().toString());
      told.put("database", schema.getDatabaseName().orElse(null));
      told.put("table", schema.getTableName().orElse(null));
      List<String> key = new ArrayList<>();
      for (RecordField field : schema.getPrimaryIndexInfo().getIndexFields()) key.add(field.getFieldName());
      told.put("key", key);
      Map<String, Object> types = new LinkedHashMap<>();
      for (RecordField field : schema.getFields()) types.put(field.getFieldName(), field.getRawDataTypeNum());
      told.put("types", types);
      told.put("before", image(schema, record.getBeforeImage()));
      told.put("after", image(schema, record.getAfterImage()));
      out.append(new GsonBuilder().serializeNulls().serializeSpecialFloatingPointValues().create().toJson(told)).append('\n');
    }
    System.out.write(out.toString().getBytes("UTF-8"));
    System.out.flush();
  }
}
