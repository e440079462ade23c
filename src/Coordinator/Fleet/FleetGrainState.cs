using Atelier.Coordinator.Storage;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Fleet.Queue;

namespace Atelier.Coordinator.Fleet;

/// <summary>What the fleet's grain stores. Leases are renewed in memory; a coordinator that starts again gives every member a new one.</summary>
public sealed class FleetGrainState : EpochState
{
    /// <summary>The workers.</summary>
    public FleetState Fleet { get; set; } = FleetState.Empty;

    /// <summary>The runs, as the policies see them.</summary>
    public RunQueueState Queue { get; set; } = RunQueueState.Empty;

    /// <summary>The runs, as they were submitted.</summary>
    public Dictionary<string, RunDetails> Details { get; set; } = [];

    /// <summary>Workers that each run holds, as far as its grain has told.</summary>
    public Dictionary<string, List<string>> Held { get; set; } = [];

    /// <summary>Runs whose store has not been read yet: they can use no workers.</summary>
    public List<string> Unread { get; set; } = [];

    /// <summary>Workers that each run is to have: kept, so that another activation moves none.</summary>
    public List<Allocation> Allocations { get; set; } = [];

    /// <summary>Workers that each run was told it may take.</summary>
    public Dictionary<string, List<string>> Granted { get; set; } = [];

    /// <summary>The present stream of each worker.</summary>
    public Dictionary<string, long> Sessions { get; set; } = [];

    /// <summary>Number of the last stream.</summary>
    public long LastSession { get; set; }

    /// <summary>Why each run cannot get on at the moment, as its grain has told.</summary>
    public Dictionary<string, string> Reasons { get; set; } = [];

    /// <summary>When each run came to its state, in Unix milliseconds.</summary>
    public Dictionary<string, long> Changed { get; set; } = [];
}
