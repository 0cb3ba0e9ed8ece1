# Sources are found by walking cpp/, so a new file needs no line here; programs under cpp/bench and cpp/test are not
# part of the addon. Only the kernels use wide instruction sets, each file turning its own on, so that one binary
# runs on every processor of its architecture.
#
# -ffp-contract=off: a*b+c rounds twice unless the code says fma, so scalar arithmetic equals TypeScript's to the bit
# on every architecture.
{
  "targets": [
    {
      "target_name": "omen_native",
      "sources": ["<!@(node scripts/sources.mjs)"],
      "include_dirs": ["cpp", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      "cflags!": ["-O2"],
      "cflags": ["-O3", "-Wall", "-Wextra", "-fno-exceptions", "-fvisibility=hidden", "-ffp-contract=off"],
      "cflags_cc!": ["-std=gnu++14", "-std=gnu++17", "-std=c++17", "-fexceptions"],
      "cflags_cc": ["-std=c++20", "-fvisibility-inlines-hidden"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "GCC_ENABLE_CPP_EXCEPTIONS": "NO",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=off"]
      },
      "msvs_settings": {
        "VCCLCompilerTool": {
          "AdditionalOptions": ["/std:c++20", "/fp:precise"],
          "ExceptionHandling": 0,
          "Optimization": 3
        }
      },
      "conditions": [["OS=='linux'", { "libraries": ["-ldl", "-lpthread"] }]]
    }
  ]
}
