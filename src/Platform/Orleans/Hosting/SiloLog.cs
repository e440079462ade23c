using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

/// <summary>What the silo logs.</summary>
internal static partial class SiloLog
{
    [LoggerMessage(1, LogLevel.Error, "A timer of {Grain} failed")]
    public static partial void TimerFailed(ILogger logger, GrainId grain, Exception error);

    [LoggerMessage(2, LogLevel.Error, "{Grain} failed while it was deactivated")]
    public static partial void DeactivationFailed(ILogger logger, GrainId grain, Exception error);

    [LoggerMessage(3, LogLevel.Warning, "{Call} failed; nobody waits for it")]
    public static partial void OneWayFailed(ILogger logger, string call, Exception error);
}
