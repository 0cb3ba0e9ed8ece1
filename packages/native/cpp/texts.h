#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace omen {

// A text of each row in UTF-8, one after another: see `TextColumn` of @omen/core.
struct TextColumn {
  std::span<const std::byte> bytes;
  std::span<const uint32_t> ends;
  // A bit for each page that may be read, where `paged`; else all of them may.
  std::span<const uint32_t> sound;
  bool paged;
};

// Puts the texts of rows into brackets, with commas between them.
//
// @returns false where a text lies outside of the column or on a page that may not be read, or where all of them are long
bool join_texts(const TextColumn& column, std::span<const uint32_t> rows, std::string& joined);

}  // namespace omen
