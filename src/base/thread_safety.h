#pragma once

#include <mutex>

/// Which mutex guards what, as clang can check it (-Wthread-safety, clang.llvm.org/docs/
/// ThreadSafetyAnalysis.html): `./dev lint` does. Nothing to other compilers.
#if defined(__clang__)
#define ITTYBIT_THREAD_ATTRIBUTE(attribute) __attribute__((attribute))
#else
#define ITTYBIT_THREAD_ATTRIBUTE(attribute)
#endif

#define GUARDED_BY(mutex) ITTYBIT_THREAD_ATTRIBUTE(guarded_by(mutex))
#define REQUIRES(...) ITTYBIT_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) ITTYBIT_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) ITTYBIT_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
/// What clang cannot see to be right; a comment says why it is.
#define NO_THREAD_SAFETY_ANALYSIS ITTYBIT_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace ittybit {

/// A std::mutex that clang knows.
class ITTYBIT_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
public:
    void lock() ACQUIRE() { mutex_.lock(); }
    void unlock() RELEASE() { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

/// Holds a Mutex until its end, but while a condition variable lets it go (lock and unlock are for
/// std::condition_variable_any). What a condition's lambda reads, it says with REQUIRES.
class ITTYBIT_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
public:
    explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;
    ~MutexLock() RELEASE() { mutex_.unlock(); }

    void lock() ACQUIRE() { mutex_.lock(); }
    void unlock() RELEASE() { mutex_.unlock(); }

private:
    Mutex& mutex_;
};

}  // namespace ittybit
