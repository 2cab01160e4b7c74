#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "model/sniff.h"

namespace ittybit::media {

/// The bytes of an input as libav reads them right: a transport stream whose PIDs change their
/// coding (see PidsByCodec), RF64 whose sizes (EBU Tech 3306, 3.5) were never written as the WAVE
/// of unknown length that it then is, ID3 tags with all their values (see joined_values). Null
/// where they are right as they are. Errors: those of the source, which must outlive what is given.
Result<std::unique_ptr<ByteSource>> presented(ByteSource& source, const Sniffed& sniffed);

}  // namespace ittybit::media
