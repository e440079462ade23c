namespace Atelier.Core.Fleet.Queue;

/// <summary>What people want of a run.</summary>
public enum RunIntent
{
    /// <summary>To train.</summary>
    Run,

    /// <summary>To stand still, with everything saved.</summary>
    Pause,

    /// <summary>To end, keeping the snapshots that there are.</summary>
    Cancel,
}
