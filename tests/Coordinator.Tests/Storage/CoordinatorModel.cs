namespace Atelier.Coordinator.Tests.Storage;

/// <summary>What the database must do, in as few words as possible: the oracle of <see cref="HistoryConformance"/>.</summary>
internal sealed class CoordinatorModel
{
    private readonly Dictionary<int, int> _stored = [];
    private readonly Dictionary<(int Coordinator, int Grain), int?> _read = [];
    private readonly long?[] _terms = new long?[2];
    private long _term;
    private long _now;
    private long _expires;
    private int _versions;

    public long Term => _term;

    public void Advance(long milliseconds) => _now += milliseconds;

    public long? TermOf(int coordinator) => _terms[coordinator];

    public long? Acquire(int coordinator, long milliseconds)
    {
        if (_now < _expires)
            return null;
        _expires = _now + milliseconds;
        return _terms[coordinator] = ++_term;
    }

    public bool Renew(int coordinator, long milliseconds)
    {
        if (_terms[coordinator] != _term || _now >= _expires)
            return false;
        _expires = _now + milliseconds;
        return true;
    }

    public void Release(int coordinator)
    {
        if (_terms[coordinator] == _term)
            _expires = 0;
    }

    /// <summary>What the coordinator finds: a version, or none.</summary>
    public int? Read(int coordinator, int grain) => _read[(coordinator, grain)] = _stored.TryGetValue(grain, out var version) ? version : null;

    /// <summary>The version that is written; <c>deposed</c> or <c>inconsistent</c> if none is.</summary>
    public string Write(int coordinator, int grain)
    {
        if (Refusal(coordinator, grain) is { } refusal)
            return refusal;
        _stored[grain] = ++_versions;
        _read[(coordinator, grain)] = _versions;
        return $"{_versions}";
    }

    public string Clear(int coordinator, int grain)
    {
        if (Refusal(coordinator, grain) is { } refusal)
            return refusal;
        _stored.Remove(grain);
        _read[(coordinator, grain)] = null;
        return "cleared";
    }

    private string? Refusal(int coordinator, int grain)
    {
        int? stored = _stored.TryGetValue(grain, out var version) ? version : null;
        return _terms[coordinator] != _term ? "deposed"
            : stored != _read.GetValueOrDefault((coordinator, grain)) ? "inconsistent"
            : null;
    }
}
