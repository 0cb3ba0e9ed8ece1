// The kinds of codes, by the names that NativeCodec (core/src/quantizer.ts) gives them. Each file beside this
// one makes one kind from its parameters, which native/src/codes.ts lays out; null for parameters that cannot
// be right.
#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "codec.h"

namespace omen {

using Parameters = std::span<const float>;

// Parameters: element, scale, offset.
std::unique_ptr<Codec> make_scalar_codec(const Shape& shape, Parameters parameters);

// No parameters.
std::unique_ptr<Codec> make_given_codec(const Shape& shape, Parameters parameters);

// Parameters: scale, offset.
std::unique_ptr<Codec> make_sq4_codec(const Shape& shape, Parameters parameters);

// Parameters: bits, whether rows have a residual, whether it is left unread, and the mean's components.
std::unique_ptr<Codec> make_lvq_codec(const Shape& shape, Parameters parameters);

// Parameters: bits, and the mean's components.
std::unique_ptr<Codec> make_rabitq_codec(const Shape& shape, Parameters parameters);

// Parameters: the means of the components, and how far these are from them.
std::unique_ptr<Codec> make_binary_codec(const Shape& shape, Parameters parameters);

// Parameters: parts, bits, and for each component its value in every one of the 2^bits centroids.
std::unique_ptr<Codec> make_product_codec(const Shape& shape, Parameters parameters);

// Parameters: scale, offset, the mean's components, and those of every direction.
std::unique_ptr<Codec> make_leanvec_codec(const Shape& shape, Parameters parameters);

// Null for an unknown kind, too.
std::unique_ptr<Codec> make_codec(std::string_view kind, const Shape& shape, Parameters parameters);

}  // namespace omen
