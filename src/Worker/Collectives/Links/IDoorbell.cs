namespace Atelier.Worker.Collectives.Links;

/// <summary>What a rank sleeps at until another rings.</summary>
internal interface IDoorbell
{
    /// <summary>How often it was rung; wraps around.</summary>
    int Count { get; }

    /// <summary>Rings, from any thread or process: wakes whoever waits.</summary>
    void Ring();

    /// <summary>Blocks until the count is another than was seen.</summary>
    /// <param name="seen">The count that was seen.</param>
    /// <param name="most">Longest time; returning early is allowed.</param>
    void Wait(int seen, TimeSpan most);
}
