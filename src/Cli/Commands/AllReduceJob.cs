namespace Atelier.Cli.Commands;

/// <summary>A benchmark of sums.</summary>
/// <param name="Ranks">How many take part.</param>
/// <param name="Megabytes">Size of the buffer, in 10⁶ bytes.</param>
/// <param name="Repetitions">Timed sums.</param>
/// <param name="Transport">What lies between the ranks.</param>
internal sealed record AllReduceJob(int Ranks, int Megabytes, int Repetitions, string Transport)
{
    /// <summary>Processes of this host, through its memory.</summary>
    public const string SharedMemory = "shared-memory";

    /// <summary>Processes of this host, over TCP as if they were on several.</summary>
    public const string Grpc = "grpc";

    /// <summary>The same with TLS, which several hosts must have.</summary>
    public const string GrpcTls = "grpc-tls";

    /// <summary>Threads of this process.</summary>
    public const string InProcess = "in-process";

    /// <summary>All of them.</summary>
    public static string[] Transports { get; } = [SharedMemory, Grpc, GrpcTls, InProcess];

    /// <summary>Whether the ranks meet as workers on several hosts do.</summary>
    public bool IsBetweenHosts => Transport is Grpc or GrpcTls;
}
