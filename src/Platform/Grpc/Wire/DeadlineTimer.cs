namespace Grpc.Wire;

/// <summary>Says when a deadline has passed.</summary>
internal static class DeadlineTimer
{
    // What timers can wait for. A call that long has no deadline in practice.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(49);

    /// <summary>Calls once, after the time; at once if there is none left.</summary>
    public static ITimer Start(TimeProvider time, TimeSpan left, Action passed) =>
        time.CreateTimer(_ => passed(), null, left < TimeSpan.Zero ? TimeSpan.Zero : left > Longest ? Timeout.InfiniteTimeSpan : left, Timeout.InfiniteTimeSpan);
}
