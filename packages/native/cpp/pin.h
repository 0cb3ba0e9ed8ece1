#pragma once

namespace omen {

// Keeps this library mapped until the process ends. Node unloads an addon when the last worker thread that
// loaded it exits, while the thread pool may still be running its code.
void pin_module();

}  // namespace omen
