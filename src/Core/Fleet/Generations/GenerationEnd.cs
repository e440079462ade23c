namespace Atelier.Core.Fleet.Generations;

/// <summary>Why a generation ended, for those who count.</summary>
public enum GenerationEnd
{
    /// <summary>A member's lease ran out, its process ended, or it left by itself.</summary>
    WorkerLost,

    /// <summary>A member reported that it cannot go on.</summary>
    WorkerTrouble,

    /// <summary>A member is to leave the run: it drains, or another run has it.</summary>
    WorkerLeaves,

    /// <summary>A worker joins, or one is back with a state that is further.</summary>
    WorkerJoins,

    /// <summary>Shards are divided anew.</summary>
    Rebalance,

    /// <summary>Digests of the state differed.</summary>
    ReplicasDiffer,

    /// <summary>Members did not get ready, or no progress for too long.</summary>
    Stall,

    /// <summary>It has done what it was for.</summary>
    Limit,

    /// <summary>People want something else, or the run cannot go on.</summary>
    Command,
}

/// <summary>A generation that was prepared or ran has ended. Nothing is to be done about it.</summary>
public sealed record GenerationEnded(GenerationEnd Why) : GenerationAction;

/// <summary>Workers told different digests of what has to be the same. What follows from it are other actions.</summary>
public sealed record ReplicasDiffered(string Text) : GenerationAction;
