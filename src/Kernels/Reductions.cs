using System.Runtime.CompilerServices;

namespace Atelier.Kernels;

/// <summary>
/// <see cref="Vectors.VirtualLanes"/> running sums in as many registers as that takes: one with AVX-512, two with AVX2, four on
/// the portable path. Register r takes the elements r·Lanes to (r + 1)·Lanes of every 16.
/// </summary>
internal unsafe struct RunningSums<TVector>
    where TVector : struct, IVector<TVector>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    private TVector _first;
    private TVector _second;
    private TVector _third;
    private TVector _fourth;

    /// <summary>Goes on from the one sum that <see cref="ScalarLane"/> has.</summary>
    [MethodImpl(Inline)]
    public void Load(float* lane) => _first = TVector.Load(lane);

    /// <summary>Adds a; <paramref name="register"/> is a constant wherever this is called.</summary>
    [MethodImpl(Inline)]
    public void Add(int register, TVector a)
    {
        switch (register)
        {
            case 0:
                _first = TVector.Add(_first, a);
                break;
            case 1:
                _second = TVector.Add(_second, a);
                break;
            case 2:
                _third = TVector.Add(_third, a);
                break;
            default:
                _fourth = TVector.Add(_fourth, a);
                break;
        }
    }

    /// <summary>Adds a·b, rounded once.</summary>
    [MethodImpl(Inline)]
    public void AddProduct(int register, TVector a, TVector b)
    {
        switch (register)
        {
            case 0:
                _first = TVector.MultiplyAdd(a, b, _first);
                break;
            case 1:
                _second = TVector.MultiplyAdd(a, b, _second);
                break;
            case 2:
                _third = TVector.MultiplyAdd(a, b, _third);
                break;
            default:
                _fourth = TVector.MultiplyAdd(a, b, _fourth);
                break;
        }
    }

    /// <summary>The sum of all 16, in the order of <see cref="Vectors.Fold"/>.</summary>
    [MethodImpl(Inline)]
    public readonly float Fold() => TVector.Lanes switch
    {
        8 => TVector.Fold(TVector.Add(_first, _second)),
        4 => TVector.Fold(TVector.Add(TVector.Add(_first, _third), TVector.Add(_second, _fourth))),
        _ => TVector.Fold(_first),
    };

    /// <summary>Writes all 16, or the one that <see cref="ScalarLane"/> has.</summary>
    [MethodImpl(Inline)]
    public readonly void Store(float* lanes)
    {
        TVector.Store(lanes, _first);
        if (TVector.Lanes is 8 or 4)
            TVector.Store(lanes + TVector.Lanes, _second);
        if (TVector.Lanes == 4)
        {
            TVector.Store(lanes + 8, _third);
            TVector.Store(lanes + 12, _fourth);
        }
    }
}
