namespace Atelier.Core.Fleet.Generations;

/// <summary>
/// Where a worker stands in a run's protocol. Idle → Halted → Preparing → Ready → Stepping → Halted; a halt may come in any
/// stage, a release leads to Idle from any stage.
/// </summary>
public enum WorkerStage
{
    /// <summary>It holds nothing of the run.</summary>
    Idle,

    /// <summary>It stands still and takes no part in any generation up to the one that it names.</summary>
    Halted,

    /// <summary>It fetches the state and reaches its peers.</summary>
    Preparing,

    /// <summary>It holds the state to start from, and waits for the go.</summary>
    Ready,

    /// <summary>It runs phases.</summary>
    Stepping,
}
