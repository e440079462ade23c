using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>How a timer ticks.</summary>
public readonly struct GrainTimerCreationOptions
{
    /// <summary>A timer that waits its turn.</summary>
    /// <param name="dueTime">Until the first tick.</param>
    /// <param name="period">From a tick's end to the next tick; infinite for none.</param>
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>Until the first tick; infinite for none before the timer is changed.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>From a tick's end to the next tick; infinite for none.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether ticks run between the turns of calls instead of waiting for calls to end.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether ticks keep the activation from being idle.</summary>
    public bool KeepAlive { get; init; }
}
