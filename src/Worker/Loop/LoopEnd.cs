namespace Atelier.Worker.Loop;

/// <summary>Why a loop ended.</summary>
public enum LoopEnd
{
    /// <summary>All images were shown.</summary>
    Finished,

    /// <summary>It was asked to stop, and stopped after a whole iteration.</summary>
    Stopped,

    /// <summary>Gradients stayed non-finite for a whole tick.</summary>
    NonFinite,
}
