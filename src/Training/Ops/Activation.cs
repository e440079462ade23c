namespace Atelier.Training.Ops;

/// <summary>The activations of the published bias_act. The order is the native library's.</summary>
public enum Activation
{
    /// <summary>x</summary>
    Linear,

    /// <summary>max(x, 0)</summary>
    Relu,

    /// <summary>x above 0, α·x below</summary>
    LeakyRelu,

    /// <summary>tanh x</summary>
    Tanh,

    /// <summary>1/(1 + e⁻ˣ)</summary>
    Sigmoid,

    /// <summary>x above 0, eˣ − 1 below</summary>
    Elu,

    /// <summary>The self-normalising scaled ELU (Klambauer et al. 2017)</summary>
    Selu,

    /// <summary>ln(1 + eˣ)</summary>
    Softplus,

    /// <summary>x·sigmoid(x)</summary>
    Swish,
}
