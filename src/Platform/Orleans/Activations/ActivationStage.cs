namespace Orleans.Runtime;

/// <summary>Where an activation is between its first call and its end; it only moves down this list.</summary>
internal enum ActivationStage
{
    /// <summary>The instance is made, its state read. Calls wait.</summary>
    Activating,

    /// <summary>Calls run.</summary>
    Active,

    /// <summary>It will end: calls that run may finish, calls that come wait for the next activation.</summary>
    Ending,

    /// <summary>It takes no more calls.</summary>
    Closed,
}
