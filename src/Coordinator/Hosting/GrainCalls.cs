using System.Data.Common;
using Grpc.Core;
using Orleans.Runtime;

namespace Atelier.Coordinator.Hosting;

/// <summary>
/// Calls of grains that may be made again. While a replica that ended is being replaced, calls of its grains fail for a moment, and so
/// they do while the database is away.
/// </summary>
internal static class GrainCalls
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a worker's word is tried to be passed on: it is said again otherwise.</summary>
    public static readonly TimeSpan WorkersPatience = TimeSpan.FromSeconds(20);

    /// <summary>How long people wait before they are told that it does not work now.</summary>
    public static readonly TimeSpan PeoplesPatience = TimeSpan.FromSeconds(5);

    /// <summary>Whether a call that failed so may succeed a moment later. A call that waits too long for its grain to come up is cancelled by the silo.</summary>
    public static bool IsPassing(Exception error) => error is OrleansException or TimeoutException or DbException or IOException or OperationCanceledException;

    /// <summary>What callers are told when it has not succeeded in time.</summary>
    public static RpcException Unavailable(Exception failure) => new(new Status(StatusCode.Unavailable, $"the coordinator cannot read or store its state: {failure.Message}"));

    /// <summary>Calls until it succeeds, fails for good, or patience ends.</summary>
    /// <param name="call">The call.</param>
    /// <param name="patience">For how long.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> call, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Exception error) when (IsPassing(error) && !cancellation.IsCancellationRequested && time.GetElapsedTime(start) < patience)
            {
                await Task.Delay(Pause, time, cancellation);
            }
        }
    }
}
