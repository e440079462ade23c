namespace Atelier.Cluster.Tests;

/// <summary>What is done to a run.</summary>
public enum Fault
{
    /// <summary>A worker is killed, and another process of its name started.</summary>
    KillWorker,

    /// <summary>A worker joins.</summary>
    Join,

    /// <summary>A worker is asked to leave.</summary>
    Drain,

    /// <summary>A worker is frozen for longer than its lease.</summary>
    Freeze,

    /// <summary>The coordinator is killed, and another one started.</summary>
    KillCoordinator,

    /// <summary>The run is paused and resumed.</summary>
    Pause,
}
