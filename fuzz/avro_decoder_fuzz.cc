// Any bytes as an Avro datum: a record that encodes and decodes to itself, or an error that names the byte.
#include <cstdint>
#include <cstdlib>

#include "encode/decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  const auto record = encode::dts::decode_record({reinterpret_cast<const char*>(data), size});
  if (!record) return 0;
  for (const auto* images : {&record->before_images, &record->after_images}) {
    if (const auto* values = std::get_if<std::vector<encode::dts::Value>>(images)) {
      for (const auto& value : *values) static_cast<void>(encode::dts::as_text(value));
    }
  }
  base::Buffer out;
  encode::dts::encode_record(*record, out);
  const auto again = encode::dts::decode_record(out.view());
  if (!again) std::abort();
  base::Buffer twice;
  encode::dts::encode_record(*again, twice);
  if (out.view() != twice.view()) std::abort();
  return 0;
}
