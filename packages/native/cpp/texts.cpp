#include "texts.h"

#include "kernels/kernels.h"

namespace omen {
namespace {

constexpr size_t kPageBytes = 4096;
// What is longer is read row by row.
constexpr size_t kMostBytes = size_t(1) << 20;

uint64_t end_of(const TextColumn& column, size_t row) {
  return column.ends[row * 2] | uint64_t(column.ends[row * 2 + 1]) << 32;
}

uint64_t start_of(const TextColumn& column, size_t row) { return row == 0 ? 0 : end_of(column, row - 1); }

bool may_be_read(const TextColumn& column, size_t start, size_t end) {
  if (!column.paged || start == end) return true;
  for (size_t page = start / kPageBytes; page <= (end - 1) / kPageBytes; page++) {
    if (page / 32 >= column.sound.size() || (column.sound[page / 32] >> (page % 32) & 1) == 0) return false;
  }
  return true;
}

}  // namespace

bool join_texts(const TextColumn& column, std::span<const uint32_t> rows, std::string& joined) {
  // Rows lie anywhere. Memory is asked for all of them in one go, twice: where the texts are, then for the texts.
  for (const uint32_t row : rows) {
    if (row >= column.ends.size() / 2) return false;
    prefetch_line(&column.ends[row * 2]);
  }
  size_t size = 0;
  for (const uint32_t row : rows) {
    const uint64_t start = start_of(column, row);
    const uint64_t end = end_of(column, row);
    if (start > end || end > column.bytes.size() || !may_be_read(column, start, end)) return false;
    size += end - start;
    if (size > kMostBytes) return false;
    for (uint64_t line = start; line < end; line += 64) prefetch_line(&column.bytes[line]);
  }
  const auto* texts = reinterpret_cast<const char*>(column.bytes.data());
  joined = '[';
  for (size_t i = 0; i < rows.size(); i++) {
    if (i > 0) joined += ',';
    const uint64_t start = start_of(column, rows[i]);
    joined.append(texts + start, end_of(column, rows[i]) - start);
  }
  joined += ']';
  return true;
}

}  // namespace omen
