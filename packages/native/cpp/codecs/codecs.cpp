#include "codecs/codecs.h"

namespace omen {
namespace {

struct Kind {
  std::string_view name;
  std::unique_ptr<Codec> (*make)(const Shape&, Parameters);
};

constexpr Kind kKinds[] = {
    {"scalar", make_scalar_codec},
    {"given", make_given_codec},
    {"sq4", make_sq4_codec},
    {"lvq", make_lvq_codec},
    {"rabitq", make_rabitq_codec},
    {"binary", make_binary_codec},
    {"product", make_product_codec},
    {"leanvec", make_leanvec_codec},
};

}  // namespace

std::unique_ptr<Codec> make_codec(std::string_view kind, const Shape& shape, Parameters parameters) {
  for (const Kind& known : kKinds) {
    if (known.name == kind) return known.make(shape, parameters);
  }
  return nullptr;
}

}  // namespace omen
