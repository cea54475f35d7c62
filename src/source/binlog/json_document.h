// The parts of a binary JSON document, checked as they are looked at. Used by the printer and by the differ.
//
// document  ::= type value
// object    ::= count size key-entry* value-entry* key* value*     (2 byte numbers; 4 byte ones in the large form)
// array     ::= count size value-entry* value*
// key-entry ::= offset length(2)    value-entry ::= type (offset | value if it fits)
// string    ::= length(7 bits a byte) bytes    opaque ::= column-type string
//
// Every byte stands for one thing only, so what is looked at can't exceed the document's size: the budget makes
// overlaps and cycles errors. Threads: one at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "base/error.h"
#include "source/binlog/cursor.h"

namespace tributary::source::json {

inline constexpr int depth_max = 100;  // the servers' own limit

enum Type : std::uint8_t {
  small_object = 0,
  large_object = 1,
  small_array = 2,
  large_array = 3,
  literal = 4,
  int16 = 5,
  uint16 = 6,
  int32 = 7,
  uint32 = 8,
  int64 = 9,
  uint64 = 10,
  real = 11,
  string = 12,
  opaque = 15,
};

struct Document {
  explicit Document(std::string_view bytes) : begin(bytes.data()), size(bytes.size()), budget(bytes.size()) {}

  bool bad(const char* why, std::size_t at) {
    what = why;
    bad_at = at;
    return false;
  }
  bool spend(std::size_t bytes, std::size_t at) {
    if (bytes > budget) return bad("parts overlap", at);
    budget -= bytes;
    return true;
  }

  const char* begin;
  std::size_t size;
  std::size_t budget;
  const char* what = "";  // went wrong, and where
  std::size_t bad_at = 0;
};

// A value: its type and where it stands.
struct Ref {
  Document* document = nullptr;
  std::uint8_t type = literal;
  std::size_t at = 0;
  std::size_t end = 0;

  bool is_object() const { return type == small_object || type == large_object; }
  bool is_array() const { return type == small_array || type == large_array; }
};

// The whole of a document that is not empty.
inline Ref root(Document& document) {
  return {&document, static_cast<std::uint8_t>(*document.begin), 1, document.size};
}

// An object or array.
class Container {
 public:
  bool open(const Ref& ref) {
    document_ = ref.document;
    at_ = ref.at;
    is_object_ = ref.is_object();
    wide_ = ref.type == large_object || ref.type == large_array ? 4 : 2;
    if (ref.end - at_ < 2 * wide_) return document_->bad("an array or object ends too early", at_);
    count_ = number(at_);
    size_ = number(at_ + wide_);
    if (size_ > ref.end - at_) return document_->bad("an array or object is longer than its place", at_);
    const std::size_t key_entry = is_object_ ? wide_ + 2 : 0;
    head_ = 2 * wide_ + count_ * (key_entry + 1 + wide_);
    if (head_ > size_) return document_->bad("an array or object has too many members", at_);
    keys_ = at_ + 2 * wide_;
    values_ = keys_ + count_ * key_entry;
    return document_->spend(head_, at_);
  }
  bool is_object() const { return is_object_; }
  std::size_t size() const { return count_; }

  bool key(std::size_t i, std::string_view& out) {
    const std::size_t entry = keys_ + i * (wide_ + 2);
    const std::size_t offset = number(entry);
    const auto length = static_cast<std::size_t>(little<2>(document_->begin + entry + wide_));
    if (offset < head_ || offset > size_ || length > size_ - offset) {
      return document_->bad("a key lies outside its object", entry);
    }
    out = {document_->begin + at_ + offset, length};
    return document_->spend(length, entry);
  }
  bool value(std::size_t i, Ref& out) {
    const std::size_t entry = values_ + i * (1 + wide_);
    const auto type = static_cast<std::uint8_t>(document_->begin[entry]);
    const bool is_inline =
        type == literal || type == int16 || type == uint16 || (wide_ == 4 && (type == int32 || type == uint32));
    if (is_inline) {
      document_->budget += wide_;  // paid for with the head
      out = {document_, type, entry + 1, entry + 1 + wide_};
      return true;
    }
    const std::size_t offset = number(entry + 1);
    if (offset < head_ || offset >= size_) return document_->bad("a value lies outside its array or object", entry);
    out = {document_, type, at_ + offset, at_ + size_};
    return true;
  }

 private:
  std::size_t number(std::size_t at) const {
    return static_cast<std::size_t>(wide_ == 4 ? little<4>(document_->begin + at) : little<2>(document_->begin + at));
  }

  Document* document_ = nullptr;
  std::size_t at_ = 0, wide_ = 2, count_ = 0, size_ = 0, head_ = 0, keys_ = 0, values_ = 0;
  bool is_object_ = false;
};

// Appends the server's text of a value that stands `depth` deep. False: the document says why.
bool append_text(const Ref& ref, int depth, base::Buffer& out);

base::Error error_of(const Document& document);

}  // namespace tributary::source::json
