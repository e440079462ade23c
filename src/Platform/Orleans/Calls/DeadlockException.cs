namespace Orleans.Runtime;

/// <summary>
/// A call would wait for itself. The message names the chain of calls. On a cluster of silos the same code would wait until its
/// time is up.
/// </summary>
internal sealed class DeadlockException(Request call, Request waitsFor)
    : OrleansException($"Deadlock: {call.Chain} would wait for {waitsFor.Name}, which waits for it. Let the calls interleave, or break the cycle.");
