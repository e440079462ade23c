using Orleans.Runtime;

namespace Orleans;

/// <summary>What a grain may ask of its activation.</summary>
public static class GrainBaseExtensions
{
    /// <summary>Starts a timer whose ticks wait their turn as calls do.</summary>
    /// <param name="grain">The grain itself.</param>
    /// <param name="callback">A tick; the token ends with the timer. What it throws is logged, and the timer goes on.</param>
    /// <param name="dueTime">Until the first tick.</param>
    /// <param name="period">From a tick's end to the next tick; infinite for none.</param>
    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<CancellationToken, Task> callback, TimeSpan dueTime, TimeSpan period) =>
        grain.RegisterGrainTimer(callback, new GrainTimerCreationOptions(dueTime, period));

    /// <summary>Starts a timer.</summary>
    /// <param name="grain">The grain itself.</param>
    /// <param name="callback">A tick; the token ends with the timer. What it throws is logged, and the timer goes on.</param>
    /// <param name="options">When it is due, and whether it waits its turn.</param>
    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(grain);
        ArgumentNullException.ThrowIfNull(callback);
        return ((Activation)grain.GrainContext).StartTimer(callback, options);
    }
}
