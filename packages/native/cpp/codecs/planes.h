// Codes of 1 to 8 bits a component as planes of 8, 4, 2 and 1 bits, the highest first, each packed as the
// kernels read it (TypeScript twin: `Planes` of @omen/quant).
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

namespace omen {

class Planes {
 public:
  Planes(unsigned bits, size_t dimension);

  size_t bytes() const { return bytes_; }
  // Writes the components' codes into `bytes` bytes.
  void pack(const uint8_t* values, std::byte* code) const;
  void unpack(const std::byte* code, uint8_t* values) const;
  // Σ qu of signed bytes q, followed by at least seven zeros, and the codes u, which start where the view's
  // rows do.
  void dot(const void* query, RowsView view, const uint32_t* rows, size_t count, float* sums) const;

 private:
  struct Plane {
    unsigned bits;
    unsigned shift;  // bits of the component below this plane: it weighs 2^shift
    size_t start;    // where its bytes lie
    size_t bytes;
    RowsKernel kernel;
  };

  size_t dimension_;
  size_t count_ = 0;
  size_t bytes_ = 0;
  Plane planes_[4];
};

}  // namespace omen
